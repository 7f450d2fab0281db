/** Whether there is a network. */
import NetInfo from '@react-native-community/netinfo';

/** Told at once, and whenever it changes. Null: not known. Returns how to stop. */
export function watchNet(heard: (isConnected: boolean | null) => void): () => void {
  return NetInfo.addEventListener((net) => heard(net.isConnected));
}
