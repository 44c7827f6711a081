// Caught by: argon2-driver
import 'pg'
