// What zsh needs. The library's script for it is not used: it hands the flag that is typed to eval,
// so that Tab after `--x=$(…)=` would run something.

/** As a file in fpath it is the body of the function; sourced, it makes that known. */
export const ZSH_SCRIPT = `#compdef mesoscale
# zsh completion for mesoscale
_mesoscale() {
  local line directive
  local -a lines offers more
  lines=("\${(@f)$(mesoscale complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  directive=\${lines[-1]#:}
  [[ $directive == <-> ]] || return 1
  for line in "\${(@)lines[1,-2]}"; do
    # A colon parts a word from what is said of it.
    line=\${line//:/\\\\:}
    offers+=("\${line/$'\\t'/:}")
  done
  if ((directive & 2)); then
    more=(-S '')
  fi
  if [[ $PREFIX == -*=* ]]; then
    IPREFIX+="\${PREFIX%%=*}="
    PREFIX="\${PREFIX#*=}"
  fi
  if ((\${#offers})) && _describe mesoscale offers -Q "\${more[@]}"; then
    return 0
  fi
  if ((directive & 4)); then
    return 1
  fi
  _files
}
if [[ \${funcstack[1]} == _mesoscale ]]; then
  _mesoscale
else
  compdef _mesoscale mesoscale
fi
`;
