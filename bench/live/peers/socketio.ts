// socket.io: a broadcast to a room, as its guide has it.
import { Server } from 'socket.io'
import { servePeer } from './control.ts'

const { server } = await servePeer({
  frameOf: (text) => JSON.parse(text) as object,
  toAll: (event) => io.to('pets').emit('event', event),
})
// The clients are raw sockets that answer no ping: they would be cut off in the middle of a long run.
const pingInterval = 3_600_000
const io = new Server(server, { transports: ['websocket'], serveClient: false, pingInterval })
io.on('connection', (socket) => void socket.join('pets'))
