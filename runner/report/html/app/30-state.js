// The state of the page is its address: what is behind the # says all that is shown, so
// that a link shows it again and the back button goes back. Views read the state and ask
// for another one by go; nothing else holds any.

const tabs = ['overview', 'changes', 'hosts', 'grid'];
const lists = ['status', 'kind', 'suite', 'owner', 'host', 'cols']; // fields with several values

function emptyState() {
  return {
    tab: '',
    status: [],
    kind: [],
    suite: [],
    owner: [],
    host: [],
    cols: [],
    q: '',
    sort: '',
    row: '',
    in: '',
    about: '',
  };
}

// readState reads an address; what it does not know is passed over.
function readState(hash) {
  const state = emptyState();
  for (const [key, value] of new URLSearchParams(hash.replace(/^#\??/, ''))) {
    if (!Object.hasOwn(state, key)) continue;
    if (key === 'status' || key === 'cols') state[key].push(...value.split(',').filter(Boolean));
    else if (lists.includes(key)) state[key].push(value);
    else state[key] = value;
  }
  if (!tabs.includes(state.tab)) state.tab = isNarrowed(state) || state.row ? 'grid' : 'overview';
  return state;
}

// isNarrowed says whether the state shows a part of the checks alone.
function isNarrowed(state) {
  return Boolean(state.q || ['status', 'kind', 'suite', 'owner', 'host'].some((key) => state[key].length));
}

// writeState is the reverse, and keeps what people can read.
function writeState(state) {
  const readable = (s) => encodeURIComponent(s).replace(/%(2F|3A|2C|40|24)/g, decodeURIComponent);
  const parts = [];
  for (const [key, value] of Object.entries(state)) {
    if (key === 'status' || key === 'cols') {
      if (value.length) parts.push(`${key}=${readable(value.join(','))}`);
    } else if (Array.isArray(value)) {
      parts.push(...value.map((v) => `${key}=${readable(v)}`));
    } else if (value) {
      parts.push(`${key}=${readable(value)}`);
    }
  }
  return `#${parts.join('&')}`;
}

// Router hands every new state to show. A replaced state is no step of the back button:
// the letters of a search, the rows that somebody walks over.
class Router {
  constructor(show) {
    this.show = show;
    this.state = readState(location.hash);
    addEventListener('hashchange', () => {
      this.state = readState(location.hash);
      this.show(this.state);
    });
  }

  go(change, replace) {
    const to = writeState({ ...this.state, ...change });
    if (to === location.hash) return;
    if (replace) location.replace(to);
    else location.hash = to;
    this.state = readState(location.hash); // the next key may come before the event does
  }

  // link is the address of a state, for where a link is better than a button.
  link(change) {
    return writeState({ ...this.state, ...change });
  }

  // toggle puts a value into one of the lists, or takes it out.
  toggle(key, value) {
    const now = this.state[key];
    this.go({ [key]: now.includes(value) ? now.filter((v) => v !== value) : [...now, value] });
  }
}
