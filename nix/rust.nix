# The compiler that Cargo.toml names, and the sources that it compiles.
{ lib, pkgs, crane }:
let
  manifest = builtins.fromTOML (builtins.readFile ../Cargo.toml);
  stable = pkgs.rust-bin.stable."${manifest.workspace.package.rust-version}.0".default;
  # Building the eBPF object takes the sources of `core`.
  toolchain = stable.override { extensions = [ "rust-src" ]; };
  craneLib = (crane.mkLib pkgs).overrideToolchain toolchain;
  # Tests read documents, goldens and definitions: all that git tracks, less what is no source of anything here.
  src = lib.cleanSourceWith {
    src = ../.;
    filter = path: _type: !(lib.elem (baseNameOf path) [ "target" "runs" ".sightline" ]);
  };
  common = { inherit src; strictDeps = true; version = "0.0.0"; };
  dependencies = craneLib.buildDepsOnly (common // { pname = "sightline-dependencies"; });
in
{
  inherit toolchain craneLib src;
  common = common // { cargoArtifacts = dependencies; };
}
