"""`make validator-mutants`: plant faults in our validator, and say which of them the profile overlooks."""

from sourcefaults.run import main

if __name__ == "__main__":
    raise SystemExit(main())
