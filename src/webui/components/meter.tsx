// How much of one resource is taken, as a figure and a bar.
import { amountText, percentText, RESOURCE_TITLES, type ResourceName } from '../words/amounts.ts';

interface MeterProps {
  readonly name: ResourceName;
  readonly total: number;
  readonly allocated: number;
  readonly offered?: number;
  /** Of the total, for roles. */
  readonly reserved?: number;
  /** Beside the total: what is offered until its owner needs it. */
  readonly revocable?: number;
}

/** A share as a width; what is more than all is all. */
const width = (part: number, total: number) =>
  `${total > 0 ? Math.min(100, (100 * part) / total) : 0}%`;

export function Meter(props: MeterProps) {
  const { name, total, allocated, offered = 0, reserved = 0, revocable = 0 } = props;
  const share = percentText(total > 0 ? allocated / total : 0);
  const says = `${RESOURCE_TITLES[name]}: ${amountText(name, allocated)} of ${amountText(name, total)} allocated`;
  return (
    <section class="panel">
      <div class="meter-head">
        <h2>{RESOURCE_TITLES[name]}</h2>
        <span class="quiet">{share} allocated</span>
      </div>
      <div class="meter-track" role="img" aria-label={says}>
        <div class="meter-part" data-part="allocated" style={{ width: width(allocated, total) }} />
        <div class="meter-part" data-part="offered" style={{ width: width(offered, total) }} />
      </div>
      <div class="meter-foot number">
        <span>
          <strong>{amountText(name, allocated)}</strong> of {amountText(name, total)}
        </span>
        {offered > 0 ? <span>{amountText(name, offered)} offered</span> : null}
        {reserved > 0 ? <span>{amountText(name, reserved)} reserved</span> : null}
        {revocable > 0 ? <span>{amountText(name, revocable)} revocable besides</span> : null}
      </div>
    </section>
  );
}
