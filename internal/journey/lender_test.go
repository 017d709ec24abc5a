package journey_test

const asLender = "DESKAUTH_JOURNEY_BE_LENDER"

func lend() int { return 0 }
