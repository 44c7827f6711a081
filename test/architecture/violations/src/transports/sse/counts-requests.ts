// Caught by: sse-packages
import 'rate-limiter-flexible'
