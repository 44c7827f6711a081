// Caught by: unlisted-transport-packages
import 'fastify'
