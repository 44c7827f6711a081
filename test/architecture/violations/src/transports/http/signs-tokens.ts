// Caught by: http-packages
import 'jose'
