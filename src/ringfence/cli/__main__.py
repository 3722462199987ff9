from ringfence.cli.app import main

main()
