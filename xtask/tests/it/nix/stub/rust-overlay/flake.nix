# Stands in for rust-overlay: the compiler that Cargo.toml names, and its components.
{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs";

  outputs = _: {
    overlays.default = final: _prev: {
      rust-bin.stable."1.95.0".default =
        let
          toolchain = extensions: derivation {
            name = "rust-1.95.0";
            inherit extensions;
            inherit (final.stdenv.hostPlatform) system;
            builder = "/bin/sh";
          };
          known = [ "rust-src" "llvm-tools" ];
          override = { extensions }:
            if builtins.all (name: builtins.elem name known) extensions then toolchain extensions
            else throw "a component that Rust does not have: ${toString extensions}";
        in
        toolchain [ ] // { inherit override; };
    };
  };
}
