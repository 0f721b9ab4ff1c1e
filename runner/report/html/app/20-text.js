// Words, numbers and times, as the terminal's report has them.

// looks are how an outcome is shown: a sign and a word, never a colour alone.
const looks = {
  skipped: { sign: '○', tone: 'dim', means: 'not asked for here' },
  passed: { sign: '✓', tone: 'good', means: 'holds' },
  fixed: { sign: '✓', tone: 'good', means: 'failed at the baseline, fine now' },
  expected: { sign: '~', tone: 'info', means: 'the plan wants or allows the change' },
  drifted: { sign: '≠', tone: 'warn', means: 'changed, and nobody said it may' },
  'pre-existing': { sign: '–', tone: 'past', means: 'failed at the baseline already; not caused by the patch' },
  waived: { sign: '–', tone: 'past', means: 'wrong, and somebody answers for it until a day' },
  unknown: { sign: '?', tone: 'warn', means: 'could not be observed: not good, not bad' },
  unmet: { sign: '✗', tone: 'bad', means: 'was meant to change, and did not' },
  failed: { sign: '✗', tone: 'bad', means: 'fails, and nothing is known of before' },
  regressed: { sign: '✗', tone: 'bad', means: 'was fine before the patch, is broken now' },
};

// look is an outcome's; what this page does not know looks like the worst.
function look(word) {
  return Object.hasOwn(looks, word)
    ? looks[word]
    : { sign: '✗', tone: 'bad', means: 'an outcome unknown to this page' };
}

// verdictTone is that of a run's or a precheck's verdict.
function verdictTone(exit) {
  if (exit === 0) return 'good';
  return exit === 1 || exit === 2 ? 'bad' : 'warn';
}

// thousands groups digits by a thin space from five digits on.
function thousands(n) {
  const s = String(n);
  return n < 10000 ? s : s.replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

function plural(n, word) {
  return `${thousands(n)} ${word}${n === 1 ? '' : 's'}`;
}

// spell tells milliseconds in their two largest units: "5 h 12 m".
function spell(ms) {
  const two = (n) => String(n).padStart(2, '0');
  const s = Math.floor(Math.max(ms, 0) / 1000);
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (s < 60) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} m ${two(s % 60)} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${two(Math.floor(s / 60) % 60)} m`;
  return `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`;
}

const nanos = (n) => spell((n || 0) / 1e6);

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

// moment tells a time in UTC, and in the reader's own zone where that differs.
function moment(time) {
  const at = new Date(time);
  if (!time || Number.isNaN(at.getTime()) || at.getUTCFullYear() < 1971) return '';
  const two = (n) => String(n).padStart(2, '0');
  const day = `${at.getUTCDate()} ${months[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
  const utc = `${day} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} UTC`;
  if (at.getTimezoneOffset() === 0) return utc;
  const otherDay = at.getDate() === at.getUTCDate() ? '' : `${at.getDate()} ${months[at.getMonth()]} `;
  return `${utc} (${otherDay}${two(at.getHours())}:${two(at.getMinutes())} here)`;
}

// clock is the time of day in UTC alone, for where there is little room.
function clock(ms) {
  return new Date(ms).toISOString().slice(11, 19);
}

// valueText is a finding's side in words where it was not there, or empty.
function valueText(value, there) {
  if (!there) return '(absent)';
  return value === '' ? '(empty)' : value;
}

// subjectOf names what a finding looked at: the check's id and, unless it ends so, the item.
function subjectOf(id, item) {
  return !item || id.toLowerCase().endsWith(item.toLowerCase()) ? id : `${id} · ${item}`;
}

// shellWord quotes a word for a shell where it needs it, so that no name is a command.
function shellWord(word) {
  return /^[\w./:@,=+%-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

// diffWords tells where two texts differ: [[same, text, text]…] in order, where the two
// texts are equal in a part that is the same.
function diffWords(before, now) {
  const a = before.match(/[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu) || [];
  const b = now.match(/[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu) || [];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const same = (words) => [true, words.join(''), words.join('')];
  const middle = diffMiddle(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  return [same(a.slice(0, head)), ...middle, same(a.slice(a.length - tail))].filter(([, x, y]) => x || y);
}

// diffMiddle finds the longest words in common; of very many it marks all as different.
function diffMiddle(a, b) {
  if (a.length * b.length > 250000 || !a.length || !b.length) return [[false, a.join(''), b.join('')]];
  const wide = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * wide);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      longest[i * wide + j] =
        a[i] === b[j]
          ? longest[(i + 1) * wide + j + 1] + 1
          : Math.max(longest[(i + 1) * wide + j], longest[i * wide + j + 1]);
    }
  }
  const parts = [];
  const put = (same, x, y) => {
    const last = parts.at(-1);
    if (last && last[0] === same) {
      last[1] += x;
      last[2] += y;
    } else parts.push([same, x, y]);
  };
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) put(true, a[i++], b[j++]);
    else if (j >= b.length || (i < a.length && longest[(i + 1) * wide + j] >= longest[i * wide + j + 1]))
      put(false, a[i++], '');
    else put(false, '', b[j++]);
  }
  return parts;
}
