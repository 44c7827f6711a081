// Caught by: feed-knows-no-protocol
import '../http/host.ts'
