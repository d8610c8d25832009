# What `nix flake check` builds.
{ self, pkgs, rust, packages, formatter }:
let
  inherit (rust) craneLib common src;
in
{
  format = craneLib.cargoFmt { inherit src; pname = "sightline"; version = "0.0.0"; };
  clippy = craneLib.cargoClippy (common // {
    pname = "sightline";
    cargoClippyExtraArgs = "--workspace --all-targets -- --deny warnings";
  });
  # Those that need root say that they are skipped; those of xtask need git and a network, and run in CI.
  tests = craneLib.cargoTest (common // {
    pname = "sightline";
    cargoTestExtraArgs = "--workspace --exclude xtask";
  });
  goldens = pkgs.runCommand "sightline-goldens" { } ''
    ${packages.lab}/share/sightline/xtask --lab ${src} golden lint
    ${packages.lab}/share/sightline/xtask --lab ${src} pins lint
    touch $out
  '';
  nix = pkgs.runCommand "sightline-nix" { nativeBuildInputs = [ formatter pkgs.deadnix ]; } ''
    nixpkgs-fmt --check ${src}/flake.nix ${src}/nix
    deadnix --fail ${src}/flake.nix ${src}/nix
    touch $out
  '';
  host = pkgs.testers.runNixOSTest (import ./host-test.nix { inherit self packages; });
}
