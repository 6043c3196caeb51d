/**
 * What a shell has to know: whom to ask at each Tab. The command line is asked, not a list made beforehand, so that names
 * of peers and sessions are those of now. Where it knows nothing the shell offers files.
 */
export const scripts = {
  bash: `_parley() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _parley parley
`,
  zsh: `#compdef parley
_parley() {
  local line
  local -a found
  for line in "\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n "$line" ]] && found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  if (( $#found )); then _describe parley found; else _files; fi
}
compdef _parley parley
`,
  fish: `function __parley_complete
  set -l words (commandline -opc)
  set -l found ($words[1] __complete -- $words[2..-1] (commandline -ct) 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c parley -f -a '(__parley_complete)'
`,
} as const;

export type Shell = keyof typeof scripts;
