// What bash needs. The library's script for it is not used: it hands what is offered to compgen,
// which expands it, so that a task named $(…) would run something; and it knows no `--flag=value`.

/** The line up to the cursor is taken apart here. Bash puts its own names of files in. */
export const BASH_SCRIPT = `# bash completion for mesoscale
_mesoscale() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("$line")
  done < <(mesoscale complete bash -- "$COMP_WORDBREAKS" "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
  local last=$((\${#COMPREPLY[@]} - 1))
  if ((last < 0)); then
    return
  fi
  local directive="\${COMPREPLY[last]#:}"
  unset "COMPREPLY[last]"
  if ((directive & 2)); then
    compopt -o nospace
  fi
  if ((directive & 4)); then
    compopt +o default
  fi
}
complete -o default -F _mesoscale mesoscale
`;

/**
 * The words after `mesoscale`, up to the cursor; the last one is that at the cursor, which may be
 * empty. Quotes are taken off; nothing is expanded.
 */
export function wordsOfLine(line: string): readonly string[] {
  const words = [''];
  let isWord = false;
  let quote = '';
  const add = (text: string) => {
    words.push(`${words.pop() ?? ''}${text}`);
    isWord = true;
  };
  for (let at = 0; at < line.length; at++) {
    const each = line.charAt(at);
    if (quote === '' && /\s/.test(each)) {
      if (isWord) {
        words.push('');
      }
      isWord = false;
    } else if (each === quote) {
      quote = '';
    } else if (quote === '' && (each === '"' || each === "'")) {
      quote = each;
      isWord = true;
    } else if (each === '\\' && quote !== "'") {
      at += 1;
      add(line.charAt(at));
    } else {
      add(each);
    }
  }
  const program = words.findIndex((word) => /(?:^|\/)mesoscale$/.test(word));
  return words.slice(program + 1);
}
