// Caught by: feed-packages
import 'fastify'
