// Conversion of amounts: units outside the core, thousandths inside.

/** Units to thousandths as Mesos rounds them. */
export const toMilli = (value: number) => Math.round(value * 1000);

/** Thousandths to units: the nearest number, so that 1118 is written as 1.118. */
export const fromMilli = (milli: number) => milli / 1000;
