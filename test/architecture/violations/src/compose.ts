// Caught by: compose-is-below-the-process
import './main.ts'
