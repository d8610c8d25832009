# `lib.nixosSystem`: modules merged, options checked, and a system that rests on all that was set. One module may not set the
# options that another one declares inside of `mkIf`.
lib:
{ system, modules }:
let
  pkgs = import ./. { inherit system; };
  isSet = value: builtins.isAttrs value && !(value ? _type) && value.type or null != "derivation";

  load = module:
    let
      read = if builtins.isPath module || builtins.isString module then import module else module;
      made = if builtins.isFunction read then read { config = own; inherit lib pkgs; } else read;
      whole = made ? config || made ? options;
    in
    [{
      options = made.options or { };
      config = if whole then made.config or { } else removeAttrs made [ "imports" ];
    }] ++ builtins.concatMap load (made.imports or [ ]);
  loaded = builtins.concatMap load modules;

  merge = a: b:
    if isSet a && isSet b then
      a // builtins.mapAttrs (name: value: if a ? ${name} then merge a.${name} value else value) b
    else if builtins.isList a && builtins.isList b then a ++ b
    else if a._type or null == "override" then b
    else if b._type or null == "override" then a
    else if a == b then a
    else throw "an option is set twice: ${builtins.toJSON a} and ${builtins.toJSON b}";
  all = builtins.foldl' merge { };

  # Options of the modules: what is set, or their default; wrong types and unknown names are errors.
  declared = all (map (module: module.options) loaded);
  plain = lib.filter (module: module.config._type or null != "if") loaded;
  set = all (map (module: module.config) plain);
  value = path: option: given:
    let found = if given == null then option.default else given; in
    if option ? description && option.type.check found then found
    else throw "the option ${path} is no ${option.type.name}, or has no description";
  values = path: options: given: builtins.mapAttrs
    (name: option:
      let inner = if given == null then null else given.${name} or null; in
      if option._type or null == "option" then value "${path}.${name}" option inner
      else values "${path}.${name}" option inner)
    options;
  own = values "" declared set;

  # Everything that is set.
  settled = module:
    if module.config._type or null != "if" then module.config
    else if module.config.condition then module.config.content else { };
  config = all (map settled loaded);
  leaves = path: tree:
    if tree._type or null == "override" then leaves path tree.content
    else if isSet tree then
      builtins.concatLists (lib.mapAttrsToList (name: leaves (path ++ [ name ])) tree)
    else [{ inherit path; value = tree; }];

  split = text: lib.filter builtins.isString (builtins.split "\\." text);
  known = map split (import ./options.nix);
  fits = path: pattern:
    builtins.length path == builtins.length pattern
    && builtins.all (n: builtins.elemAt pattern n == "*" || builtins.elemAt pattern n == builtins.elemAt path n)
      (builtins.genList (n: n) (builtins.length path));
  isDeclared = options: path:
    path != [ ] && builtins.isAttrs options && options ? ${builtins.head path}
    && (options.${builtins.head path}._type or null == "option" || isDeclared options.${builtins.head path} (builtins.tail path));
  checked = leaf:
    if builtins.any (fits leaf.path) known || isDeclared declared leaf.path then leaf
    else throw "there is no option ${lib.concatStringsSep "." leaf.path}";
in
{
  config = {
    system.build.toplevel = derivation {
      name = "nixos-system";
      inherit system;
      builder = "/bin/sh";
      settings = builtins.toJSON { set = map checked (leaves [ ] config); own = builtins.deepSeq own null; };
    };
  };
  options = declared;
}
