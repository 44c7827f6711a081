// Caught by: websocket-packages
import 'rate-limiter-flexible'
