import Svg, { Path } from 'react-native-svg';

export interface DrawingProps {
  /** The side of the square on the screen, and that of its field of coordinates. */
  size: number;
  field: number;
  path: string;
  stroke?: string;
  fill?: string;
}

/** One path on a square field; decoration only: whatever it stands on has the label. */
export function Drawing({ size, field, path, stroke = 'none', fill = 'none' }: DrawingProps) {
  return (
    <Svg width={size} height={size} viewBox={`0 0 ${field} ${field}`} aria-hidden>
      <Path d={path} stroke={stroke} strokeWidth={1.8} strokeLinecap="round" strokeLinejoin="round" fill={fill} />
    </Svg>
  );
}
