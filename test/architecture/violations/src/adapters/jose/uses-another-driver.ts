// Caught by: jose-driver
import 'pg'
