// Caught by: policies-know-the-application-by-type
import { name } from '../application.ts'
export const called = name
