// Caught by: application-imports-the-inside
import '../transports/http/host.ts'
