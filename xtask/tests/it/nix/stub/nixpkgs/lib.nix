# The functions of nixpkgs' lib that the flake calls, with what they mean there.
let
  lib = {
    inherit (builtins) attrValues concatLists concatStringsSep elem filter listToAttrs;

    genAttrs = names: of: lib.listToAttrs (map (name: { inherit name; value = of name; }) names);
    mapAttrsToList = of: set: map (name: of name set.${name}) (builtins.attrNames set);
    findFirst = is: default: list:
      let found = lib.filter is list; in if found == [ ] then default else builtins.head found;
    concatMapStringsSep = separator: of: list: lib.concatStringsSep separator (map of list);

    hasSuffix = suffix: text:
      let rest = builtins.stringLength text - builtins.stringLength suffix;
      in rest >= 0 && builtins.substring rest (-1) text == suffix;
    removeSuffix = suffix: text:
      if lib.hasSuffix suffix text
      then builtins.substring 0 (builtins.stringLength text - builtins.stringLength suffix) text
      else text;

    cleanSourceWith = { src, filter }: builtins.path { path = src; inherit filter; name = "source"; };

    literalExpression = text: { _type = "literalExpression"; inherit text; };
    mkOption = attributes: attributes // { _type = "option"; };
    mkEnableOption = what: lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = "Whether to enable ${what}.";
    };
    mkIf = condition: content: { _type = "if"; inherit condition content; };
    mkDefault = content: { _type = "override"; priority = 1000; inherit content; };

    types = {
      bool = { name = "boolean"; check = builtins.isBool; };
      package = { name = "package"; check = value: value.type or null == "derivation"; };
      strMatching = pattern: {
        name = "string matching ${pattern}";
        check = value: builtins.isString value && builtins.match pattern value != null;
      };
      ints = {
        between = low: high: {
          name = "integer from ${toString low} to ${toString high}";
          check = value: builtins.isInt value && value >= low && value <= high;
        };
        positive = { name = "positive integer"; check = value: builtins.isInt value && value > 0; };
      };
    };

    nixosSystem = import ./nixos.nix lib;
  };
in
lib
