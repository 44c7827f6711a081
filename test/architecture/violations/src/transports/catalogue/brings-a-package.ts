// Caught by: catalogue-packages
import 'rate-limiter-flexible'
