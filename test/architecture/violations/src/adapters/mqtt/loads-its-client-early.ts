// Caught by: mqtt-client-is-loaded-when-wanted
import 'mqtt'
