// Caught by: mqtt-packages
import 'fastify'
