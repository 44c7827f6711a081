// socket.io: a broadcast to a room, as its guide has it.
import { Server } from 'socket.io'
import { servePeer } from './control.ts'

const { server } = await servePeer({
  frameOf: (text) => JSON.parse(text) as object,
  toAll: (event) => io.to('pets').emit('event', event),
})
const io = new Server(server, { transports: ['websocket'], serveClient: false })
io.on('connection', (socket) => void socket.join('pets'))
