// Where the parts of the picture are: side by side on a wide screen, one below the other on a phone.
export const ROW = 58;

function wide(rows) {
  const row = (number) => 108 + number * ROW;
  return {
    box: [1000, Math.max(230, row(rows) + 4)],
    client: (number) => ({ x: 2, y: row(number), width: 150, height: 44 }),
    reply: (number) => ({ x: 196, y: row(number) + 7, width: 200, height: 30 }),
    requests: { x: 196, y: 20, width: 300, height: 54 },
    daemon: { x: 590, y: 64, width: 150, height: 110 },
    ledger: { x: 848, y: 64, width: 150, height: 110 },
    paths: {
      ask: (number) => [[152, row(number) + 14], [174, row(number) + 14], [174, 47], [196, 47]],
      take: () => [[496, 47], [540, 47], [540, 92], [590, 92]],
      record: () => [[740, 119], [848, 119]],
      answer: (number) => [[590, 148], [540, 148], [540, row(number) + 22], [396, row(number) + 22]],
      arrive: (number) => [[196, row(number) + 30], [152, row(number) + 30]],
    },
  };
}

function tall(rows) {
  const row = (number) => 2 + number * ROW;
  const below = row(rows) + 28;
  return {
    box: [320, below + 196],
    client: (number) => ({ x: 2, y: row(number), width: 120, height: 46 }),
    reply: (number) => ({ x: 148, y: row(number), width: 142, height: 46 }),
    requests: { x: 2, y: below, width: 226, height: 54 },
    daemon: { x: 2, y: below + 94, width: 122, height: 98 },
    ledger: { x: 176, y: below + 94, width: 122, height: 98 },
    paths: {
      ask: (number) => [[122, row(number) + 14], [135, row(number) + 14], [135, below]],
      take: () => [[62, below + 54], [62, below + 94]],
      record: () => [[124, below + 128], [176, below + 128]],
      answer: (number) => [[124, below + 174], [150, below + 174], [150, below + 74], [306, below + 74], [306, row(number) + 23], [290, row(number) + 23]],
      arrive: (number) => [[148, row(number) + 32], [122, row(number) + 32]],
    },
  };
}

export function layout(rows) {
  return matchMedia("(max-width: 44rem)").matches ? tall(rows) : wide(rows);
}
