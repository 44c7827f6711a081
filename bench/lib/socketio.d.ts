// What of socket.io is used here: bench must type-check before its peers are installed.
declare module 'socket.io' {
  type Socket = Readonly<{ join(room: string): void | Promise<void> }>
  export class Server {
    constructor(
      server: import('node:http').Server,
      options: Readonly<{
        transports: readonly string[]
        serveClient: boolean
        pingInterval: number
      }>,
    )
    on(event: 'connection', listener: (socket: Socket) => void): this
    to(room: string): Readonly<{ emit(name: string, ...values: readonly unknown[]): boolean }>
  }
}
