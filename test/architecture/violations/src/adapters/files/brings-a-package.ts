// Caught by: adapters-without-a-driver
import 'pg'
