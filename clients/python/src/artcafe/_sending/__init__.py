"""What is sent: kept until it is acknowledged, sent again, and the requests whose replies are waited for."""
