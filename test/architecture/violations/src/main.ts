// Caught by: main-imports-compose-and-config
import './application.ts'
