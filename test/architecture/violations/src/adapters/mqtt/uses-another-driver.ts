// Caught by: mqtt-driver
import 'pg'
