/**
 * How bench and soak talk to their child processes: one says where it listens, then answers how much CPU it has used, and
 * asked for `memory`, what it holds.
 */

/** In the child: it is ready. Ends the child as soon as the bench is gone. */
export function announce(facts) {
  process.on('disconnect', () => process.exit(0))
  process.on('message', (asked) => {
    const { user, system } = process.cpuUsage()
    process.send({ cpu_us: user + system, ...(asked === 'memory' && memory()) })
  })
  process.send(facts)
}

/** Starts a `node:http` server (or anything with `listen`) on a free port of 127.0.0.1: its origin. */
export function listen(server) {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`))
  })
}

/** What lives, as far as the garbage collector (`--expose-gc`) can tell, and everything that keeps the process busy. */
function memory() {
  globalThis.gc()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heap: heapUsed + external, rss, handles: process.getActiveResourcesInfo().length }
}
