# `import nixpkgs { ... }`: packages of attributes.nix, and the few functions of nixpkgs that the flake calls.
{ system, overlays ? [ ] }:
let
  lib = import ./lib.nix;

  make = attributes: derivation ({ inherit system; builder = "/bin/sh"; } // attributes);
  package = name: make { inherit name; pname = name; };

  # What nixpkgs takes for itself and does not hand on.
  without = attributes: removeAttrs attributes [ "meta" "passthru" ];

  base = {
    inherit lib;
    stdenv.hostPlatform = { inherit system; };
    llvmPackages.llvm = package "llvm";

    fetchurl = { url, sha256, name ? baseNameOf url }:
      if builtins.match "[0-9a-f]{64}" sha256 == null then throw "fetchurl: ${url} has no SHA-256" else
      make {
        inherit name;
        builder = "builtin:fetchurl";
        inherit url;
        outputHashMode = "flat";
        outputHashAlgo = "sha256";
        outputHash = sha256;
      };

    stdenvNoCC.mkDerivation = { pname, version, ... }@attributes:
      make (without attributes // { name = "${pname}-${version}"; inherit (attributes) src; });

    # Its packages are what the shell's PATH is made of.
    mkShell = { packages }: make { name = "nix-shell"; nativeBuildInputs = packages; };

    runCommand = name: attributes: script: make (without attributes // { inherit name script; });

    dockerTools.buildLayeredImage = { name, contents, config }:
      make { name = "${name}.tar.gz"; inherit contents; config = builtins.toJSON config; };

    testers.runNixOSTest = { name, nodes, testScript }:
      let machine = node: (lib.nixosSystem { inherit system; modules = [ node ]; }).config.system.build.toplevel;
      in make { name = "vm-test-run-${name}"; inherit testScript; nodes = lib.mapAttrsToList (_: machine) nodes; };
  };

  packages = lib.genAttrs (import ./attributes.nix) package;
  overlay = prev: overlay: let final = prev // overlay final prev; in final;
in
builtins.foldl' overlay (packages // base) overlays
