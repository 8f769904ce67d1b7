import { Agent, createServer, request as ask, type Server } from 'node:http'

/**
 * A load balancer without affinity: each request goes to the node after that of the one before, whoever sends it. Bodies stream
 * both ways. A node that does not answer is 502, since nobody here may hide it.
 */
export type RoundRobin = {
  /** The index of the node of each request so far, in order. */
  readonly turns: readonly number[]
  readonly close: () => Promise<void>
}

export const startRoundRobin = async (
  port: number,
  nodes: readonly { readonly port: number }[],
): Promise<RoundRobin> => {
  const agent = new Agent({ keepAlive: true })
  const turns: number[] = []
  const server: Server = createServer((request, response) => {
    const turn = ((turns.at(-1) ?? -1) + 1) % nodes.length
    turns.push(turn)
    const { method, url, headers, socket } = request
    const onward = ask({
      agent,
      port: nodes[turn]?.port,
      host: '127.0.0.1',
      method,
      path: url,
      headers: {
        ...headers,
        'x-forwarded-for': socket.remoteAddress ?? '',
        'x-forwarded-proto': 'http',
      },
    })
    onward.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      // A node that cuts its answer cuts it for whoever reads it.
      answer.once('error', () => response.destroy())
      response.once('close', () => onward.destroy())
      answer.pipe(response)
    })
    onward.once('error', () =>
      response.headersSent ? response.destroy() : response.writeHead(502).end(),
    )
    request.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(port, 'localhost', () => resolve()))
  return {
    turns,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
        agent.destroy()
      }),
  }
}
