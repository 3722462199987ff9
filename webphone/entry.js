// All that the browser phone uses of JsSIP.
import JsSIP from "jssip";

export const { UA, WebSocketInterface, debug, C } = JsSIP;
