import type { DrawingProps } from './Drawing';

/** A browser draws by itself what takes a library of 50 KB elsewhere. */
export function Drawing({ size, field, path, stroke = 'none', fill = 'none' }: DrawingProps) {
  return (
    <svg width={size} height={size} viewBox={`0 0 ${field} ${field}`} aria-hidden style={{ flexShrink: 0, display: 'block' }}>
      <path d={path} stroke={stroke} strokeWidth={1.8} strokeLinecap="round" strokeLinejoin="round" fill={fill} />
    </svg>
  );
}
