/**
 * Preloaded by programs that connect to 8787, the port of `npm start`: brings them to the gateway at BUS_PORT, so that they run
 * unchanged while something else listens there.
 */
const { Socket } = require('node:net');

const { connect } = Socket.prototype;
Socket.prototype.connect = function (...args) {
  // Node's own callers pass the arguments as one list.
  const [options] = Array.isArray(args[0]) ? args[0] : args;
  if (Number(options?.port) === 8787) options.port = process.env.BUS_PORT;
  return connect.apply(this, args);
};
