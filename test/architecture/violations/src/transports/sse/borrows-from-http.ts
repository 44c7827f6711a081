// Caught by: transports-keep-to-themselves
import '../http/server.ts'
