// The SDK prints a notice about Node 20 once per process; a user's laptop may well run it.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
