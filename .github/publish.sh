#!/bin/sh
# Publishes the packages that have a new version. npm accepts provenance only of a package that names its repository, which is known here.
set -eu
for folder in clients/javascript cli lib/package; do
  npm pkg set --prefix "$folder" repository.type=git \
    "repository.url=git+$GITHUB_SERVER_URL/$GITHUB_REPOSITORY.git" "repository.directory=$folder"
done
npx changeset publish
