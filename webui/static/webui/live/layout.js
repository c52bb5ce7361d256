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
  const row = (number) => 4 + number * ROW;
  const below = row(rows) + 26;
  return {
    box: [360, below + 196],
    client: (number) => ({ x: 2, y: row(number), width: 136, height: 44 }),
    reply: (number) => ({ x: 172, y: row(number) + 7, width: 160, height: 30 }),
    requests: { x: 2, y: below, width: 252, height: 54 },
    daemon: { x: 2, y: below + 94, width: 136, height: 98 },
    ledger: { x: 200, y: below + 94, width: 136, height: 98 },
    paths: {
      ask: (number) => [[138, row(number) + 14], [154, row(number) + 14], [154, below]],
      take: () => [[70, below + 54], [70, below + 94]],
      record: () => [[138, below + 128], [200, below + 128]],
      answer: (number) => [[138, below + 174], [168, below + 174], [168, below + 74], [349, below + 74], [349, row(number) + 22], [332, row(number) + 22]],
      arrive: (number) => [[172, row(number) + 30], [138, row(number) + 30]],
    },
  };
}

export function layout(rows) {
  return matchMedia("(max-width: 44rem)").matches ? tall(rows) : wide(rows);
}
