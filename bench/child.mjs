/** How the bench talks to its child processes: one says where it listens, then answers how much CPU it has used. */

/** In the child: it is ready. Ends the child as soon as the bench is gone. */
export function announce(facts) {
  process.on('disconnect', () => process.exit(0))
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send({ cpu_us: user + system })
  })
  process.send(facts)
}

/** Starts a `node:http` server (or anything with `listen`) on a free port of 127.0.0.1: its origin. */
export function listen(server) {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`))
  })
}
