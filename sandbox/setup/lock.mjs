import { createHash } from 'node:crypto';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Takes the lock called `name` on this machine and returns the function that releases it. Waits while another process
 * holds it. The lock is a listening port of 127.0.0.1: the system frees the port when its process ends, also a killed
 * one, so no stale lock remains.
 * @param {string} name
 * @param {(port: number) => void} onWait called once, before waiting
 * @param {number} [pollMs]
 */
export async function takeLock(name, onWait, pollMs = 300) {
  // 20000 to 29999: neither Linux nor macOS gives these ports to outgoing connections.
  const port = 20_000 + (createHash('sha256').update(name).digest().readUInt32BE() % 10_000);
  for (let waited = false; ; waited = true) {
    const server = await listen(port);
    if (server) return () => void server.close();
    if (!waited) onWait(port);
    await delay(pollMs);
  }
}

/**
 * @param {number} port
 * @returns {Promise<net.Server | undefined>} undefined when another process has the port
 */
function listen(port) {
  return new Promise((resolve, reject) => {
    const server = net.createServer((connection) => connection.destroy());
    server.once('listening', () => resolve(server));
    server.once('error', (error) => {
      if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen({ port, host: '127.0.0.1', exclusive: true });
  });
}
