// Caught by: webhooks-packages
import 'rate-limiter-flexible'
