// Completion for shells, made from the commands themselves, so that it cannot lag behind them.

import { Argument, type Command, type Option } from "commander";
import { EXIT } from "./exit.ts";
import type { AddCommand } from "./prompt.ts";
import { collected } from "./values.ts";

const HELP = `
Examples:
  $ eval "$(agora-tokend completion bash)"
  $ agora-tokend completion zsh > ~/.zfunc/_agora-tokend   # a folder in fpath

Exit codes:
  0   printed
  64  wrong use`;

const SHELLS: Readonly<Record<string, (tokend: Command) => string>> = { bash: bashCompletion, zsh: zshCompletion };

/** `completion`: prints what makes a shell complete the command line. */
export const addCompletion: AddCommand = (tokend, { around, end }) => {
  tokend
    .command("completion")
    .description("print what makes a shell complete this program's command line")
    .addArgument(new Argument("<shell>", "the shell").choices(Object.keys(SHELLS)))
    .addHelpText("after", HELP)
    .action((shell: string) => {
      around.out(SHELLS[shell]?.(tokend) ?? "");
      end(EXIT.OK);
    });
};

function bashCompletion(tokend: Command): string {
  const name = tokend.name();
  const cases = tokend.commands.flatMap((command) => [
    ...command.options
      .filter(takesValue)
      .map((option) => `    ${bashPattern(command, option)}) ${bashValues(option)}; return ;;`),
  ]);
  const words = tokend.commands.map(
    (command) => `    ${command.name()}) words=${quote(wordsOf(command).join(" "))} ;;`,
  );
  return [
    `# bash completion of ${name}`,
    "_agora_tokend() {",
    '  local current=$2 before=$3 command="" word words',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell that expands it
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    `    case $word in ${tokend.commands.map((command) => command.name()).join("|")}) command=$word; break ;; esac`,
    "  done",
    '  case "$command $before" in',
    ...cases,
    "  esac",
    "  case $command in",
    ...words,
    `    *) words=${quote([...tokend.commands.map((command) => command.name()), ...longOptions(tokend)].join(" "))} ;;`,
    "  esac",
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    "}",
    `complete -o default -F _agora_tokend ${name}`,
  ].join("\n");
}

function bashPattern(command: Command, option: Option): string {
  const spellings = [option.short, option.long].filter((spelling) => spelling !== undefined && spelling !== null);
  return spellings.map((spelling) => quote(`${command.name()} ${spelling}`)).join("|");
}

function bashValues(option: Option): string {
  if (option.argChoices) return `COMPREPLY=($(compgen -W ${quote(option.argChoices.join(" "))} -- "$current"))`;
  return takesFile(option) ? 'COMPREPLY=($(compgen -f -- "$current"))' : "COMPREPLY=()";
}

function zshCompletion(tokend: Command): string {
  const name = tokend.name();
  const commands = tokend.commands.map((command) => `    ${quote(`${command.name()}:${command.description()}`)}`);
  const cases = tokend.commands.map((command) => {
    const specs = [...command.options.map(zshOption), ...command.registeredArguments.map(zshArgument)];
    return [`    ${command.name()})`, `      _arguments ${specs.map(quote).join(" ")} ;;`].join("\n");
  });
  return [
    `#compdef ${name}`,
    "_agora_tokend() {",
    "  local -a commands",
    "  commands=(",
    ...commands,
    "  )",
    "  if (( CURRENT == 2 )); then",
    "    _describe command commands",
    "    return",
    "  fi",
    "  local command=$words[2]",
    "  shift words",
    "  (( CURRENT-- ))",
    "  case $command in",
    ...cases,
    "  esac",
    "}",
    `if [[ $funcstack[1] == _agora-tokend ]]; then _agora_tokend "$@"; else compdef _agora_tokend ${name}; fi`,
  ].join("\n");
}

function zshOption(option: Option): string {
  const several = option.parseArg === (collected as unknown);
  const said = `[${zshText(option.description)}]`;
  const value = takesValue(option) ? `:${zshText(option.attributeName())}:${zshValues(option)}` : "";
  return `${several ? "*" : ""}${option.long}${said}${value}`;
}

function zshValues(option: Option): string {
  if (option.argChoices) return `(${option.argChoices.join(" ")})`;
  return takesFile(option) ? "_files" : " ";
}

function zshArgument(argument: Argument): string {
  const values = argument.argChoices
    ? `(${argument.argChoices.join(" ")})`
    : argument.name() === "file"
      ? "_files"
      : " ";
  return `:${zshText(argument.name())}:${values}`;
}

// What has a meaning to _arguments.
function zshText(text: string): string {
  return text.replace(/[[\]:\\]/g, "\\$&");
}

function wordsOf(command: Command): string[] {
  return [...longOptions(command), ...command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? [])];
}

function longOptions(command: Command): string[] {
  return [...command.options.flatMap(({ long }) => long ?? []), "--help"];
}

function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

function takesFile(option: Option): boolean {
  return option.flags.includes("<file>");
}

function quote(text: string): string {
  return `'${text.replace(/'/g, "'\\''")}'`;
}
